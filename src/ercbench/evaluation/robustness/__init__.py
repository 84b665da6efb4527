"""What a missing or noisy modality costs at test time: curves with intervals, tables, figures."""
