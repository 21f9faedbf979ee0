"""What a kind of follow-up is, as data: dates, script, questionnaire (design: playbooks/*.yaml)."""
