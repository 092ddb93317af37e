"""The first page: the business day, what needs a person, the providers, and how it went lately."""
