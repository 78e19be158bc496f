"""Power cuts: a till's writes and syncs are recorded, the disk is rebuilt as cuts may leave it, and the kiosk started.

``seller`` sells under a trace of its system calls (``record``), which is read strictly (``trace``, ``calls``) into what
was done to the disk and what was shown as done; ``disk`` is the model of a disk that loses its power; ``restart`` makes
the folder that a cut left and starts the kiosk on it; ``check`` compares with what had been shown; ``cuts`` does that
many times and counts. ``python -m powercut CUTS SEED FOLDER`` runs it by hand.
"""
