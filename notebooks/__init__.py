"""Which notebooks travel with the package? The parameterised `.ipynb` files of this folder.

Each asks one business question of a run folder and answers it in its last cell. `mmm report` executes them with
Papermill into the run folder; an analyst opens them in JupyterLab. To add one, put it here with its outputs stripped.
"""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
