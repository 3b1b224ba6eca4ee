"""What is the joint density, and how is it sampled?

    KPI[g,t] = size[g] (baseline[g,t] + sum_c coefficient[g,c] saturation_c(adstock_c(exposure[g,.,c]))[t] + noise)

Read `spec` (study and panel become a `Structure` and arrays), `priors` (what the analyst says becomes priors),
`baseline` (the linear columns), `core` (the mean, pure JAX), `collapse` (linear coefficients integrated out exactly),
`likelihood` (the joint density in NumPyro), `fit` (the sampling shell) and `check` (may one believe it?), in that
order. For PyMC users `pymc_bridge` writes the same model down in PyMC, site by site (`sites`).
"""
