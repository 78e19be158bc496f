"""Textual screens, one a file; nothing but screens.

Every key goes through ``TillApp.on_event`` to the top screen, in the order of arrival and synchronously: a screen that
changes in the middle of a scan neither loses nor reorders a digit.
"""
