//! Products of matrices.

/// Products of fewer numbers than this are not worth waking another thread.
const WORTH_THREADS: usize = 1 << 20;

/// A matrix as it is stored, or transposed.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    numbers: &'a [f32],
    rows: usize,
    columns: usize,
    steps: [isize; 2],
}

impl<'a> Matrix<'a> {
    /// Of `columns`, row after row.
    ///
    /// # Panics
    ///
    /// If the numbers make no whole rows.
    pub fn new(numbers: &'a [f32], columns: usize) -> Self {
        let rows = numbers.len() / columns;
        assert_eq!(rows * columns, numbers.len(), "whole rows");
        Self { numbers, rows, columns, steps: [columns as isize, 1] }
    }

    /// Rows as columns.
    pub fn transposed(self) -> Self {
        let [row, column] = self.steps;
        Self { rows: self.columns, columns: self.rows, steps: [column, row], ..self }
    }
}

/// `out`, row after row, becomes a · b, or has it added.
///
/// # Panics
///
/// If the shapes do not fit.
#[expect(unsafe_code, reason = "gemm takes pointers")]
pub fn product(a: Matrix, b: Matrix, out: &mut [f32], add: bool) {
    assert_eq!(a.columns, b.rows, "as many columns as rows");
    assert_eq!(out.len(), a.rows * b.columns, "a number for each row and column");
    let threads = match a.rows * a.columns * b.columns >= WORTH_THREADS {
        true => gemm::Parallelism::Rayon(0),
        false => gemm::Parallelism::None,
    };
    // SAFETY: a matrix has rows · columns numbers, stored row after row, and its steps reach those and no others; `out` has
    // as many as the assertion says, is this function's alone, and read only where `add` says that it holds numbers, as
    // all of a slice does.
    unsafe {
        gemm::gemm(
            a.rows,
            b.columns,
            a.columns,
            out.as_mut_ptr(),
            1,
            b.columns as isize,
            add,
            a.numbers.as_ptr(),
            a.steps[1],
            a.steps[0],
            b.numbers.as_ptr(),
            b.steps[1],
            b.steps[0],
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            threads,
        );
    }
}
