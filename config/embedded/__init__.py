"""What `./cage` needs to run Cage on a machine without servers; nothing else imports it.

It knows no Django: production has its servers elsewhere and never comes here.
"""
