"""The pages of statements: where each movement stands, and formats of files."""
