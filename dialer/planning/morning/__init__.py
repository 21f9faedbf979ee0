"""What the day itself makes due: absences, festivals, cadences; and the run that makes the plan."""
