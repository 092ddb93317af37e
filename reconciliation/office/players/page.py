"""Makes the player's own admin page the page of everything that is known of a player."""

from reconciliation.office.players import shown
from wallets.admin import PlayerAdmin

PlayerAdmin.parts.append(shown.parts)
PlayerAdmin.change_form_template = "admin/reconciliation/player/page.html"
