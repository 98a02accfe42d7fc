"""The workspace's server: webhooks in, the event log, terminals served, the Graph API called."""
