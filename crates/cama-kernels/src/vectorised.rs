//! Plain loops, compiled for the processor at hand.

/// Defines a function whose body is compiled once for each kind of vectors, and runs the one that fits the processor.
///
/// A closure given to [`pulp::Arch::dispatch`] would do the same, were it always inlined.
macro_rules! vectorised {
    ($(#[$doc:meta])* $vis:vis fn $name:ident<$life:lifetime>($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        $vis fn $name<$life>($($arg: $type),*) {
            struct Run<$life> { $($arg: $type),* }
            impl<$life> pulp::NullaryFnOnce for Run<$life> {
                type Output = ();
                #[inline(always)]
                fn call(self) {
                    let Self { $($arg),* } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Run { $($arg),* })
        }
    };
}
pub(crate) use vectorised;
