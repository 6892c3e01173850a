//! `/api/admin/roles`: the roles of all workspaces, for programs of the platform's staff.

use super::actions::{LARGEST, is_json};
use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::{HeaderMap, StatusCode};
use keel_domain::access::{PlatformAdmin, Read, Write};
use keel_domain::roles::Draft;
use keel_domain::roles::platform::{self, Edit};
use keel_types::{Code, Fault, Permission, Permissions, Role, RoleName};
use keel_web::arrival::Arrival;
use keel_web::pages::errors;
use keel_web::problem::{FieldProblem, Problem};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// How often a call is made that collides with others.
const TRIES: usize = 3;

/// Does something behind the door of staff, again when it collides. (A function would take a closure of whose future the compiler
/// cannot tell that it may change threads.)
macro_rules! write {
    ($arrival:expr, |$call:ident| $verb:expr) => {{
        let mut tries = 1;
        loop {
            let once = async {
                let mut $call = Write::<PlatformAdmin>::open(&$arrival.keel, $arrival.asked_for(None)).await?;
                let done = $verb;
                $call.commit().await?;
                Ok::<_, Problem>(done)
            };
            match once.await {
                Err(Problem { collision: true, .. }) if tries < TRIES => tries += 1,
                done => break done,
            }
        }
    }};
}

#[derive(Serialize)]
struct Roles {
    roles: Vec<Shown>,
}

/// A role as programs see it.
#[derive(Serialize)]
struct Shown {
    id: String,
    name: String,
    permissions: Vec<&'static str>,
    /// Whether it never changes.
    system: bool,
}

impl From<Role> for Shown {
    fn from(role: Role) -> Self {
        let system = role.is_system();
        Self { permissions: role.permissions.iter().map(Permission::as_str).collect(), id: role.id, name: role.name, system }
    }
}

/// `GET /api/admin/roles`.
pub async fn list(Extension(arrival): Extension<Arrival>) -> Response {
    let list = async {
        let mut call = Read::<PlatformAdmin>::open(&arrival.keel, arrival.asked_for(None)).await?;
        platform::list(&mut call).await
    };
    match list.await {
        Ok(roles) => Json(Roles { roles: roles.into_iter().map(Shown::from).collect() }).into_response(),
        Err(refusal) => errors::json(&refusal.into()),
    }
}

/// `POST /api/admin/roles {"name": …, "permissions": […]}`: 201 with the role.
pub async fn create(Extension(arrival): Extension<Arrival>, headers: HeaderMap, body: Body) -> Response {
    let sent = Sent::read(&headers, body).await;
    match write!(arrival, |call| platform::create(&mut call, &sent.clone()?.draft()?).await?) {
        Ok(role) => (StatusCode::CREATED, Json(Shown::from(role))).into_response(),
        Err(problem) => errors::json(&problem),
    }
}

/// `PATCH /api/admin/roles/{id}` with what is to be different: 200 with the role.
pub async fn update(Extension(arrival): Extension<Arrival>, id: Id, headers: HeaderMap, body: Body) -> Response {
    let (id, sent) = (read(id), Sent::read(&headers, body).await);
    match write!(arrival, |call| platform::update(&mut call, &id, &sent.clone()?.edit()?).await?) {
        Ok(role) => Json(Shown::from(role)).into_response(),
        Err(problem) => errors::json(&problem),
    }
}

/// The id in an address; what cannot be read names nothing.
type Id = Result<Path<String>, PathRejection>;

fn read(id: Id) -> String {
    id.map_or_else(|_| String::new(), |Path(id)| id)
}

/// `DELETE /api/admin/roles/{id}?replacement=`: 204. The replacement is what those get who have the role.
pub async fn delete(Extension(arrival): Extension<Arrival>, id: Id, Query(query): Query<HashMap<String, String>>) -> Response {
    let (id, replacement) = (read(id), query.get("replacement").map(String::as_str).filter(|id| !id.is_empty()));
    match write!(arrival, |call| platform::delete(&mut call, &id, replacement).await?) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(problem) => errors::json(&problem),
    }
}

/// What a program says of a role.
#[derive(Clone, Deserialize)]
struct Sent {
    name: Option<String>,
    permissions: Option<Vec<String>>,
}

impl Sent {
    async fn read(headers: &HeaderMap, body: Body) -> Result<Self, Problem> {
        let bytes = to_bytes(body, LARGEST).await.map_err(|_| Problem::new(Code::TooLarge))?;
        if !is_json(headers) {
            return Err(Problem::new(Code::MediaType));
        }
        serde_json::from_slice(&bytes).map_err(|_| Problem::new(Code::Malformed))
    }

    /// A role that is new: its name is needed.
    fn draft(self) -> Result<Draft, Problem> {
        let name = Some(self.name.unwrap_or_default());
        let Edit { name, permissions } = Self { name, ..self }.edit()?;
        let name = name.ok_or_else(|| Problem::new(Code::Malformed))?;
        Ok(Draft { name, permissions: permissions.unwrap_or_default() })
    }

    fn edit(self) -> Result<Edit, Problem> {
        let mut faults = vec![];
        let name = self.name.map(|name| RoleName::parse(&name)).transpose();
        let name = name.unwrap_or_else(|fault| {
            faults.push(FieldProblem::new("name", fault));
            None
        });
        let permissions = self.permissions.map(|words| words.iter().map(|word| Permission::parse(word)).collect::<Option<Permissions>>());
        if permissions == Some(None) {
            faults.push(FieldProblem::new("permissions", Fault::NotAChoice));
        }
        if faults.is_empty() { Ok(Edit { name, permissions: permissions.flatten() }) } else { Err(Problem::invalid(faults)) }
    }
}
