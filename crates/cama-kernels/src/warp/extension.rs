//! Warps as an operation of Burn's backends.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use super::pass::{Places, Sampling};
use crate::storage::{numbers, shape, tensor};

/// The operation.
#[backend_extension(Flex, Autodiff)]
pub trait WarpOps: Backend {
    /// As [`warp`](super::warp).
    fn warp(
        x: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
        image: [usize; 3],
    ) -> FloatTensor<Self>;

    /// As [`warp_affine`](super::warp_affine).
    fn warp_affine(x: FloatTensor<Self>, maps: FloatTensor<Self>, image: [usize; 3]) -> FloatTensor<Self>;
}

impl WarpOps for Flex {
    fn warp(
        x: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
        image: [usize; 3],
    ) -> FloatTensor<Self> {
        let dims = shape(&x);
        let (x, rows, columns) = (numbers(&x), numbers(&rows), numbers(&columns));
        let places = Places::Given { rows: &rows, columns: &columns };
        tensor(Sampling { image, batch: dims[0], x: &x, places }.forward(), &dims)
    }

    fn warp_affine(x: FloatTensor<Self>, maps: FloatTensor<Self>, image: [usize; 3]) -> FloatTensor<Self> {
        let dims = shape(&x);
        let (x, maps) = (numbers(&x), numbers(&maps));
        tensor(Sampling { image, batch: dims[0], x: &x, places: Places::Affine(&maps) }.forward(), &dims)
    }
}

impl<C: CheckpointStrategy> WarpOps for Autodiff<Flex, C> {
    fn warp(
        x: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        columns: FloatTensor<Self>,
        image: [usize; 3],
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), rows.node(), columns.node()];
        let (x, rows, columns) = (x.into_primitive(), rows.into_primitive(), columns.into_primitive());
        let output = Flex::warp(x.clone(), rows.clone(), columns.clone(), image);
        match Warp.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, rows, columns, image), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }

    fn warp_affine(x: FloatTensor<Self>, maps: FloatTensor<Self>, image: [usize; 3]) -> FloatTensor<Self> {
        let nodes = [x.node(), maps.node()];
        let (x, maps) = (x.into_primitive(), maps.into_primitive());
        let output = Flex::warp_affine(x.clone(), maps.clone(), image);
        match WarpAffine.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish((x, maps, image), output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct WarpAffine;

impl Backward<Flex, 2> for WarpAffine {
    type State = (FloatTensor<Flex>, FloatTensor<Flex>, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 2>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let (x, maps, image) = ops.state;
        let shapes = [shape(&x), shape(&maps)];
        let (x, maps) = (numbers(&x), numbers(&maps));
        let sampling = Sampling { image, batch: shapes[0][0], x: &x, places: Places::Affine(&maps) };
        let wanted = [0, 1].map(|i| ops.parents[i].is_some());
        let made = sampling.backward_affine(&numbers(&gradient), wanted[0], wanted[1]);
        for ((node, gradient), shape) in ops.parents.into_iter().zip(made).zip(shapes) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, &shape));
            }
        }
    }
}

#[derive(Debug)]
struct Warp;

impl Backward<Flex, 3> for Warp {
    type State = (FloatTensor<Flex>, FloatTensor<Flex>, FloatTensor<Flex>, [usize; 3]);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let (x, rows, columns, image) = ops.state;
        let shapes = [shape(&x), shape(&rows), shape(&columns)];
        let (x, rows, columns) = (numbers(&x), numbers(&rows), numbers(&columns));
        let places = Places::Given { rows: &rows, columns: &columns };
        let sampling = Sampling { image, batch: shapes[0][0], x: &x, places };
        let of_places = ops.parents[1].is_some() || ops.parents[2].is_some();
        let made = sampling.backward(&numbers(&gradient), ops.parents[0].is_some(), of_places);
        for ((node, gradient), shape) in ops.parents.into_iter().zip(made).zip(shapes) {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, &shape));
            }
        }
    }
}
