"""The back office: the pages that finance staff work from, one folder each."""
