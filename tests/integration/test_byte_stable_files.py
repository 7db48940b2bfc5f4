"""Files that two processes write are the same bytes."""

import subprocess
import sys

from qgnn_d2d.channels import realizations, save
from qgnn_d2d.settings.scenario import Rayleigh


def test_channel_files_of_two_processes_are_the_same_bytes(tmp_path):
    dataset = realizations(Rayleigh(num_links=3), 4, seed=11)
    save(dataset, tmp_path / "here.nc")
    script = (
        "import sys; from qgnn_d2d.channels import realizations, save; from qgnn_d2d.settings.scenario import Rayleigh;"
        "save(realizations(Rayleigh(num_links=3), 4, seed=11), sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "there.nc")], check=True)
    assert (tmp_path / "here.nc").read_bytes() == (tmp_path / "there.nc").read_bytes()
