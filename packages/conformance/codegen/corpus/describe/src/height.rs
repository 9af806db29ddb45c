//! How many types deep the smallest value of a type is.

use facet_core::{Def, Field, Shape, Type, UserType};

/// None inside a type that is being looked at: a value cannot end there.
pub fn of(shape: &'static Shape, around: &mut Vec<&'static Shape>) -> Option<usize> {
    if around.contains(&shape) {
        return None;
    }
    around.push(shape);
    let height = inside(shape, around);
    around.pop();
    height.map(|height| height + 1)
}

pub fn of_fields(fields: &[Field], around: &mut Vec<&'static Shape>) -> Option<usize> {
    fields
        .iter()
        .try_fold(0, |most, field| Some(most.max(of(field.shape(), around)?)))
}

fn inside(shape: &'static Shape, around: &mut Vec<&'static Shape>) -> Option<usize> {
    match shape.def {
        Def::Option(_) | Def::List(_) | Def::Slice(_) | Def::Map(_) | Def::Set(_) => Some(0),
        Def::Array(array) => of(array.t(), around),
        Def::Pointer(pointer) => pointer.pointee.map_or(Some(0), |inner| of(inner, around)),
        Def::Result(result) => [result.t, result.e]
            .into_iter()
            .filter_map(|side| of(side, around))
            .min(),
        _ => match shape.ty {
            Type::User(UserType::Struct(fields)) => of_fields(fields.fields, around),
            Type::User(UserType::Enum(of)) => of
                .variants
                .iter()
                .filter_map(|variant| of_fields(variant.data.fields, around))
                .min(),
            _ => Some(0),
        },
    }
}
