"""The archive of audio: taken over from the telephone system, checked, named by plate, kept."""
