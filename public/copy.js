// Makes a button of each `data-copies`: it copies what stands in the element of that id, and says so. Without this module the
// button stays hidden, and one click on the text selects all of it.
for (const button of document.querySelectorAll('button[data-copies]')) {
  button.hidden = false
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent)
    button.textContent = button.dataset.copied
  })
}
