//! Finding all close pairs at a cost that grows linearly.
//!
//! The box is cut into cells at least as long as the greatest distance of
//! interest; close pairs lie in the same cell or in adjacent ones. Particles
//! are sorted by cell anew each time (a counting sort), so the list is a
//! function of the positions alone: a run that resumes from a checkpoint sums
//! its forces in the same order as one that was never interrupted.

use super::Vector;
use super::periodic_box::{PeriodicBox, dot};

/// Half of a cell's 26 neighbours, so that each pair of cells is met once.
const HALF_NEIGHBOURHOOD: [[isize; 3]; 13] = [
    [0, 0, 1],
    [0, 1, -1],
    [0, 1, 0],
    [0, 1, 1],
    [1, -1, -1],
    [1, -1, 0],
    [1, -1, 1],
    [1, 0, -1],
    [1, 0, 0],
    [1, 0, 1],
    [1, 1, -1],
    [1, 1, 0],
    [1, 1, 1],
];

/// Particles sorted by cell.
#[derive(Debug, Clone)]
pub struct CellList {
    periodic_box: PeriodicBox,
    reach_squared: f64,
    cells_per_side: usize,
    /// Half of each cell's neighbours; none in a box of one cell.
    neighbours: Vec<Vec<usize>>,
    cell_of: Vec<usize>,
    /// Where each cell's particles start in `sorted`; one entry more than cells.
    starts: Vec<usize>,
    /// Particle and position, cell by cell.
    sorted: Vec<(u32, Vector)>,
}

impl CellList {
    /// An empty list for pairs closer than `reach`. A box of fewer than three
    /// cells per side becomes one cell, in which every pair is looked at.
    #[must_use]
    pub fn new(periodic_box: PeriodicBox, reach: f64) -> Self {
        let fitting = (periodic_box.side() / reach) as usize;
        let cells_per_side = if fitting < 3 { 1 } else { fitting };
        Self {
            periodic_box,
            reach_squared: reach * reach,
            cells_per_side,
            neighbours: half_neighbours(cells_per_side),
            cell_of: Vec::new(),
            starts: Vec::new(),
            sorted: Vec::new(),
        }
    }

    /// Sorts the particles by cell.
    pub fn rebuild(&mut self, positions: &[Vector]) {
        let cells = self.neighbours.len();
        let mut cell_of = std::mem::take(&mut self.cell_of);
        cell_of.clear();
        cell_of.extend(positions.iter().map(|position| self.cell_at(position)));

        // Each count is placed two entries on, so that after summing up, entry
        // `cell + 1` is where the cell starts, and once filled, where it ends.
        self.starts.clear();
        self.starts.resize(cells + 2, 0);
        for &cell in &cell_of {
            self.starts[cell + 2] += 1;
        }
        for entry in 2..cells + 2 {
            self.starts[entry] += self.starts[entry - 1];
        }
        self.sorted.resize(positions.len(), (0, [0.0; 3]));
        for (particle, (&cell, position)) in (0..).zip(cell_of.iter().zip(positions)) {
            self.sorted[self.starts[cell + 1]] = (particle, *position);
            self.starts[cell + 1] += 1;
        }
        self.cell_of = cell_of;
    }

    /// Calls `visit` with both particles, their separation and its square for
    /// every pair closer than the reach. Returns how many pairs it looked at.
    pub fn for_each_close_pair(&self, mut visit: impl FnMut(usize, usize, &Vector, f64)) -> u64 {
        let mut evaluations = 0;
        for (cell, neighbours) in self.neighbours.iter().enumerate() {
            let own = self.members(cell);
            for (index, first) in own.iter().enumerate() {
                let rest_of_own = &own[index + 1..];
                let adjacent = neighbours.iter().map(|&neighbour| self.members(neighbour));
                for others in std::iter::once(rest_of_own).chain(adjacent) {
                    evaluations += others.len() as u64;
                    for second in others {
                        let separation = self.periodic_box.separation(&first.1, &second.1);
                        let distance_squared = dot(&separation);
                        if distance_squared < self.reach_squared {
                            let (first, second) = (first.0 as usize, second.0 as usize);
                            visit(first, second, &separation, distance_squared);
                        }
                    }
                }
            }
        }
        evaluations
    }

    /// The particles closer to `position` than the reach, in a fixed order.
    pub fn near<'list>(
        &'list self,
        position: &'list Vector,
    ) -> impl Iterator<Item = usize> + 'list {
        let per_side = self.cells_per_side;
        let span = if per_side == 1 { 0..=0 } else { -1..=1 };
        let home = coordinates(self.cell_at(position), per_side);
        let cells = span.clone().flat_map(move |x| {
            let span = span.clone();
            let inner = span.clone();
            span.flat_map(move |y| inner.clone().map(move |z| [x, y, z]))
        });
        cells
            .flat_map(move |offset| self.members(shifted(home, offset, per_side)))
            .filter(|(_, other)| {
                self.periodic_box.distance_squared(position, other) < self.reach_squared
            })
            .map(|(particle, _)| *particle as usize)
    }

    fn members(&self, cell: usize) -> &[(u32, Vector)] {
        &self.sorted[self.starts[cell]..self.starts[cell + 1]]
    }

    fn cell_at(&self, position: &Vector) -> usize {
        let per_side = self.cells_per_side;
        let scale = per_side as f64 / self.periodic_box.side();
        let along = |coordinate: f64| ((coordinate * scale) as usize).min(per_side - 1);
        (along(position[0]) * per_side + along(position[1])) * per_side + along(position[2])
    }
}

fn half_neighbours(per_side: usize) -> Vec<Vec<usize>> {
    if per_side == 1 {
        return vec![Vec::new()];
    }
    (0..per_side.pow(3))
        .map(|cell| {
            let home = coordinates(cell, per_side);
            HALF_NEIGHBOURHOOD
                .iter()
                .map(|&offset| shifted(home, offset, per_side))
                .collect()
        })
        .collect()
}

fn coordinates(cell: usize, per_side: usize) -> [usize; 3] {
    [
        cell / (per_side * per_side),
        cell / per_side % per_side,
        cell % per_side,
    ]
}

/// The cell at an offset from `home`, around the edges of the box.
fn shifted(home: [usize; 3], offset: [isize; 3], per_side: usize) -> usize {
    let along = |axis: usize| (home[axis] + per_side).wrapping_add_signed(offset[axis]) % per_side;
    (along(0) * per_side + along(1)) * per_side + along(2)
}
