"""The desk of finance staff: statements, where each movement stands, and formats of files."""
