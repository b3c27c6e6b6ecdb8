//! The client as progenitor makes it, without what is of no use here.

use openapiv3::OpenAPI;
use progenitor::{GenerationSettings, Generator, HooksMode, InterfaceStyle, TypeImpl};
use quote::quote;
use schemars::schema::{InstanceType, SchemaObject};
use serde_json::Value;
use syn::{File, ImplItem, Item, Type};

use crate::Failure;

pub(crate) fn client_of(document: &Value) -> Result<File, Failure> {
    let document: OpenAPI = serde_json::from_value(document.clone())?;
    let tokens = Generator::new(&settings()).generate_tokens(&document)?;
    let mut file: File = syn::parse2(tokens)?;
    remove_constructor(&mut file);
    remove_prelude(&mut file);
    Ok(file)
}

fn settings() -> GenerationSettings {
    let time = SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        format: Some("date-time".to_owned()),
        ..SchemaObject::default()
    };
    let mut settings = GenerationSettings::new();
    settings
        // A parameter that is added later changes no call of today.
        .with_interface(InterfaceStyle::Builder)
        // The key goes with calls to the gateway and not with a download from anywhere else.
        .with_inner_type(quote!(crate::connection::Authorization))
        .with_hooks(HooksMode::Expected)
        .with_conversion(
            time,
            "::jiff::Timestamp",
            [TypeImpl::Display, TypeImpl::FromStr].into_iter(),
        );
    settings
}

/// The generated one panics where it finds no TLS; `crates/client/src/connection.rs` has ours.
fn remove_constructor(file: &mut File) {
    for item in &mut file.items {
        if let Item::Impl(block) = item
            && block.trait_.is_none()
            && matches!(&*block.self_ty, Type::Path(name) if name.path.is_ident("Client"))
        {
            block.items.retain(
                |item| !matches!(item, ImplItem::Fn(function) if function.sig.ident == "new"),
            );
        }
    }
}

/// The crate says itself what it makes public.
fn remove_prelude(file: &mut File) {
    file.items
        .retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
}
