//! Linear layers as an operation of Burn's backends.

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
pub trait LinearOps: Backend {
    /// As [`linear`](super::linear), for `x` `[rows, inputs]`.
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        slope: f32,
    ) -> FloatTensor<Self>;
}

impl LinearOps for Flex {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        slope: f32,
    ) -> FloatTensor<Self> {
        let y = pass::forward(&numbers(&x), &numbers(&weight), &numbers(&bias), slope);
        tensor(y, &[shape(&x)[0], shape(&weight)[1]])
    }
}

impl<C: CheckpointStrategy> LinearOps for Autodiff<Flex, C> {
    fn linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        slope: f32,
    ) -> FloatTensor<Self> {
        let nodes = [x.node(), weight.node(), bias.node()];
        let (x, weight) = (x.into_primitive(), weight.into_primitive());
        let output = Flex::linear(x.clone(), weight.clone(), bias.into_primitive(), slope);
        match Linear.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                prepared.finish(State { x, weight, output: output.clone(), slope }, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Linear;

#[derive(Clone, Debug)]
struct State {
    x: FloatTensor<Flex>,
    weight: FloatTensor<Flex>,
    output: FloatTensor<Flex>,
    slope: f32,
}

impl Backward<Flex, 3> for Linear {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [of_x, of_weight, of_bias] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        let State { x, weight, output, slope } = ops.state;
        let (x_shape, weight_shape) = (shape(&x), shape(&weight));
        let outputs = weight_shape[1];
        let gradient = numbers(&gradient);
        let before = pass::before_activation(&gradient, &numbers(&output), slope);
        if let Some(node) = of_x {
            let made = pass::of_input(&before, &numbers(&weight), outputs);
            grads.register::<Flex>(node.id, tensor(made, &x_shape));
        }
        if let Some(node) = of_weight {
            let made = pass::of_weights(&before, &numbers(&x), outputs);
            grads.register::<Flex>(node.id, tensor(made, &weight_shape));
        }
        if let Some(node) = of_bias {
            grads.register::<Flex>(node.id, tensor(pass::of_bias(&before, outputs), &[outputs]));
        }
    }
}
