"""M2FNet (Chudasama et al., arXiv 2206.02187): multi-modal fusion network."""
