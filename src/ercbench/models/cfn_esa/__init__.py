"""CFN-ESA (Li et al., arXiv 2307.15432): cross-modal fusion with emotion-shift awareness."""
