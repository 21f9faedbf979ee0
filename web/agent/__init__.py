"""The agent's page: why no call comes, whom the call is for, what to say, what was answered (R1)."""

from web.agent.pages import routes

__all__ = ["routes"]
