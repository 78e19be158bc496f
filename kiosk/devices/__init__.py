"""The devices of a till at work: a thread for each, so that none of them ever keeps the till waiting."""
