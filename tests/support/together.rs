//! Many at the same instant.

/// What each gave, all of them under way together.
pub async fn together<T, C>(calls: impl IntoIterator<Item = C>) -> Vec<T>
where
    T: Send + 'static,
    C: Future<Output = T> + Send + 'static,
{
    let tasks: Vec<_> = calls.into_iter().map(tokio::spawn).collect();
    let mut given = vec![];
    for task in tasks {
        given.push(task.await.unwrap());
    }
    given
}
