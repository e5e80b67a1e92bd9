//! Convolutions as operations of Burn's backends.

use std::sync::Arc;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Flex, backend_extension};

use super::pass::{self, Layer};
use crate::storage::{numbers, shape, tensor};

/// The operation.
#[backend_extension(Flex, Autodiff)]
pub trait ConvOps: Backend {
    /// As [`convolve`](super::convolve).
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self>;
}

impl ConvOps for Flex {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        forward(&x, &weight, &bias, &layer).0
    }
}

/// The output, `[batch, numbers]`, and which of each window was the largest.
fn forward(
    x: &FloatTensor<Flex>,
    weight: &FloatTensor<Flex>,
    bias: &FloatTensor<Flex>,
    layer: &Layer,
) -> (FloatTensor<Flex>, Vec<u8>) {
    let batch = shape(x)[0];
    let (output, which) = pass::forward(layer, &numbers(x), &numbers(weight), &numbers(bias));
    let width = output.len() / batch;
    (tensor(output, &[batch, width]), which)
}

impl<C: CheckpointStrategy> ConvOps for Autodiff<Flex, C> {
    fn convolve(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        layer: Layer,
    ) -> FloatTensor<Self> {
        let (output, which) = forward(x.primitive(), weight.primitive(), bias.primitive(), &layer);
        let prepared =
            Convolution.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful();
        match prepared {
            OpsKind::Tracked(prepared) => {
                let state = State {
                    x: x.into_primitive(),
                    weight: weight.into_primitive(),
                    output: output.clone(),
                    which: which.into(),
                    layer,
                };
                prepared.finish(state, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(output),
        }
    }
}

#[derive(Debug)]
struct Convolution;

#[derive(Clone, Debug)]
struct State {
    x: FloatTensor<Flex>,
    weight: FloatTensor<Flex>,
    output: FloatTensor<Flex>,
    which: Arc<[u8]>,
    layer: Layer,
}

impl Backward<Flex, 3> for Convolution {
    type State = State;

    fn backward(self, ops: Ops<State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let [x, weight, bias] = ops.parents;
        let gradient = grads.consume::<Flex>(&ops.node);
        let state = ops.state;
        let made = pass::backward(&pass::Backward {
            layer: &state.layer,
            input: &numbers(&state.x),
            weights: &numbers(&state.weight),
            output: &numbers(&state.output),
            which: &state.which,
            gradient: &numbers(&gradient),
            of_input: x.is_some(),
            of_weights: weight.is_some() || bias.is_some(),
        });
        let wanted = [(x, made.input, shape(&state.x)), (weight, made.weights, shape(&state.weight))];
        for (node, gradient, shape) in wanted {
            if let Some(node) = node {
                grads.register::<Flex>(node.id, tensor(gradient, &shape));
            }
        }
        if let Some(node) = bias {
            let channels = made.bias.len();
            grads.register::<Flex>(node.id, tensor(made.bias, &[channels]));
        }
    }
}
