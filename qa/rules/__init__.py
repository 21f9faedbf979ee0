"""Words to findings: which phrases were said, which were not, and where the proof is (Q2-Q4). Pure."""
