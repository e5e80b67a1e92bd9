//! The activation as an operation of Burn's backends.

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use super::pass;
use crate::storage::{numbers, shape, tensor};

/// The operation.
#[backend_extension(Flex, Autodiff)]
pub trait ActivationOps: Backend {
    /// As [`leaky_relu`](super::leaky_relu).
    fn activated(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self>;
}

impl ActivationOps for Flex {
    fn activated(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        let shape = shape(&x);
        let mut values = numbers(&x).into_owned();
        pass::activate(&mut values, slope);
        tensor(values, &shape)
    }
}

impl<C: CheckpointStrategy> ActivationOps for Autodiff<Flex, C> {
    fn activated(x: FloatTensor<Self>, slope: f32) -> FloatTensor<Self> {
        let nodes = [x.node()];
        let output = Flex::activated(x.into_primitive(), slope);
        match Activation.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => prepared.finish(State { output: output.clone(), slope }, output),
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Activation;

#[derive(Clone, Debug)]
struct State {
    output: FloatTensor<Flex>,
    slope: f32,
}

impl Backward<Flex, 1> for Activation {
    type State = State;

    fn backward(self, ops: Ops<State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let gradient = grads.consume::<Flex>(&ops.node);
        let State { output, slope } = ops.state;
        if let [Some(node)] = ops.parents {
            let mut before = vec![0.0; shape(&output).iter().product()];
            pass::activate_backward(&numbers(&gradient), &numbers(&output), slope, &mut before);
            grads.register::<Flex>(node.id, tensor(before, &shape(&output)));
        }
    }
}
