"""Who may do what: five groups, made by a migration and kept by whoever runs Cage."""
