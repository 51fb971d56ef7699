// The least that a run of this runtime costs.
