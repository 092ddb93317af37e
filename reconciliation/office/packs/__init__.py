"""Evidence packs: all that is known of a case or a round in one ZIP, for an auditor or a player."""
