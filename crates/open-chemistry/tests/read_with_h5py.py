"""Opens a results.h5 with h5py and asserts its layout, open-chemistry/1.

Usage: read_with_h5py.py RESULTS.h5
"""

import json
import sys

import h5py
import numpy as np


def column(file, path, dtype, shape):
    dataset = file[path]
    assert dataset.dtype == dtype, f"{path} is {dataset.dtype}, not {dtype}"
    assert dataset.shape == shape, f"{path} has shape {dataset.shape}, not {shape}"
    return dataset[()]


def text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def check_attributes(file):
    assert text(file.attrs["layout"]) == "open-chemistry/1"
    assert text(file.attrs["program_version"])
    config = json.loads(text(file.attrs["params"]))["simulation_config"]["config"]
    assert config["seed"] == file.attrs["seed"]
    assert file.attrs["kelvin_per_reduced_temperature"] == 300.0
    assert file.attrs["time_step"] > 0
    side = (config["num_particles"] / config["density"]) ** (1 / 3)
    assert np.isclose(file.attrs["box_side"], side)
    return config


def check_frames(file, config):
    particles = config["num_particles"]
    species = column(file, "species", np.uint8, (particles,))
    assert [text(symbol) for symbol in file["species"].attrs["symbols"]] == ["A", "B", "C"]
    assert species.max() <= 2

    frames = len(file["frames/step"])
    step = column(file, "frames/step", np.uint64, (frames,))
    time = column(file, "frames/time", np.float64, (frames,))
    positions = column(file, "frames/positions", np.float32, (frames, particles, 3))
    assert step[0] == 0 and step[-1] == config["steps"]
    assert np.allclose(time, step * file.attrs["time_step"])
    side = np.float32(file.attrs["box_side"])
    assert np.isfinite(positions).all() and (positions >= 0).all() and (positions <= side).all()

    end = column(file, "bonds/frame_end", np.uint64, (frames,))
    bonds = column(file, "bonds/particles", np.uint32, (int(end[-1]), 2))
    assert end[0] == 0 and (np.diff(end.astype(int)) >= 0).all()
    last = bonds[int(end[-2]):]
    degrees = np.bincount(last.ravel(), minlength=particles)
    assert (degrees <= species + 1).all(), "a valence is exceeded"
    separation = positions[-1][last[:, 0]] - positions[-1][last[:, 1]]
    separation -= side * np.round(separation / side)
    length = np.linalg.norm(separation, axis=1)
    assert (length > 0.7).all() and (length < 2.0).all(), "a bond is torn"
    return species, len(last)


def check_series(file, config, bonds):
    samples = len(file["series/step"])
    step = column(file, "series/step", np.uint64, (samples,))
    assert step[0] == 0 and step[-1] == config["steps"]
    for name in ("time", "temperature", "kinetic_energy", "repulsion_energy",
                 "bond_strain_energy", "binding_energy"):
        assert np.isfinite(column(file, f"series/{name}", np.float64, (samples,))).all()
    assert file["series/temperature"].attrs["set_point"] == config["temperature"]
    kinetic = file["series/kinetic_energy"][()]
    kelvin = 2 * kinetic / (3 * config["num_particles"]) * 300
    assert np.allclose(file["series/temperature"][()], kelvin)
    assert column(file, "series/bonds", np.uint64, (samples,))[-1] == bonds
    return samples


def check_molecules(file, species, samples):
    kinds = len(file["molecules/formula"])
    size = column(file, "molecules/size", np.uint64, (kinds,))
    count = column(file, "molecules/count", np.uint64, (kinds,))
    for name in ("peak_count", "first_step", "formed", "consumed"):
        column(file, f"molecules/{name}", np.uint64, (kinds,))
    formulas = [text(formula) for formula in file["molecules/formula"][()]]
    assert len(set(formulas)) == kinds and "" not in formulas
    assert (size * count).sum() == len(species)

    end = column(file, "populations/end", np.uint64, (samples,))
    column(file, "populations/step", np.uint64, (samples,))
    kind = column(file, "populations/molecule", np.uint32, (int(end[-1]),))
    number = column(file, "populations/count", np.uint32, (int(end[-1]),))
    start = 0
    for stop in end.astype(int):
        held = (size[kind[start:stop]] * number[start:stop]).sum()
        assert held == len(species), "particles went missing"
        start = stop
    return formulas, size


def check_reactions(file, formulas, size):
    rows = len(file["reactions/step"])
    step = column(file, "reactions/step", np.uint64, (rows,))
    kind = column(file, "reactions/kind", np.uint8, (rows,))
    column(file, "reactions/particles", np.uint32, (rows, 2))
    reactants = column(file, "reactions/reactants", np.int32, (rows, 2))
    products = column(file, "reactions/products", np.int32, (rows, 2))
    catalyst = column(file, "reactions/catalyst", np.int32, (rows,))
    energy = column(file, "reactions/bond_energy", np.float64, (rows,))
    names = [text(name) for name in file["reactions/kind"].attrs["names"]]
    assert names == ["association", "dissociation", "ring_closure", "ring_opening"]
    assert file["reactions"].attrs["unlisted"] == 0
    if rows == 0:
        return rows
    assert (np.diff(step.astype(int)) >= 0).all() and (energy > 0).all()
    assert max(reactants.max(), products.max(), catalyst.max()) < len(formulas)
    assert ((reactants[:, 1] >= 0) == (kind == 0)).all()
    assert ((products[:, 1] >= 0) == (kind == 1)).all()
    sizes = np.append(size.astype(int), 0)  # −1, none, has size 0
    assert (sizes[reactants].sum(axis=1) == sizes[products].sum(axis=1)).all()
    for index in catalyst[catalyst >= 0]:
        assert "C" in formulas[index], "only molecules with a C are catalysts"
    return rows


def main():
    with h5py.File(sys.argv[1], "r") as file:
        config = check_attributes(file)
        species, bonds = check_frames(file, config)
        samples = check_series(file, config, bonds)
        formulas, size = check_molecules(file, species, samples)
        rows = check_reactions(file, formulas, size)
    print(f"{len(formulas)} kinds of molecule and {rows} reactions are as they should be")


if __name__ == "__main__":
    main()
