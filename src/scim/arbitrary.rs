//! Arbitrary filters and paths for property tests.

use proptest::prelude::*;

use super::{AttributePath, Comparison, Filter, Literal, PatchPath, urn};

pub(super) fn attribute_path() -> impl Strategy<Value = AttributePath> {
    let name = prop_oneof![
        "[A-Za-z][A-Za-z0-9_-]{0,8}".prop_map(String::from),
        Just("$ref".to_owned())
    ];
    let schema = prop_oneof![
        Just(urn::USER.to_owned()),
        "urn:[a-z0-9:._-]{1,12}".prop_map(String::from)
    ];
    (
        proptest::option::of(schema),
        name.clone(),
        proptest::option::of(name),
    )
        .prop_map(|(urn, name, sub)| AttributePath { urn, name, sub })
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Bool),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<String>().prop_map(Literal::Text),
    ]
}

fn comparison() -> impl Strategy<Value = Filter> {
    let operator = proptest::sample::select(Comparison::ALL.to_vec());
    prop_oneof![
        attribute_path().prop_map(Filter::Present),
        (attribute_path(), operator, literal())
            .prop_map(|(path, operator, literal)| Filter::Compare(path, operator, literal)),
    ]
}

fn joined(inner: impl Strategy<Value = Filter> + Clone + 'static) -> BoxedStrategy<Filter> {
    let terms = proptest::collection::vec(inner.clone(), 2..4);
    prop_oneof![
        terms.clone().prop_map(Filter::And),
        terms.prop_map(Filter::Or),
        inner.prop_map(|filter| Filter::Not(Box::new(filter))),
    ]
    .boxed()
}

/// What may stand between brackets.
fn element_filter() -> impl Strategy<Value = Filter> {
    comparison().prop_recursive(3, 12, 3, joined)
}

pub(super) fn filter() -> impl Strategy<Value = Filter> {
    let element = (attribute_path(), element_filter())
        .prop_map(|(path, inner)| Filter::Element(path, Box::new(inner)));
    prop_oneof![comparison(), element].prop_recursive(4, 24, 3, joined)
}

pub(super) fn patch_path() -> impl Strategy<Value = PatchPath> {
    let sub = proptest::option::of("[a-z][a-zA-Z0-9]{0,6}");
    prop_oneof![
        Just(PatchPath::Schema(urn::ENTERPRISE_USER)),
        attribute_path().prop_map(PatchPath::Attribute),
        (attribute_path(), element_filter(), sub).prop_map(|(attribute, filter, sub)| {
            PatchPath::Elements {
                attribute,
                filter,
                sub,
            }
        }),
    ]
}
