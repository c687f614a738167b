const json = async (path, options) => (await fetch(path, options)).json()
const element = (id) => document.getElementById(id)
const [shop, about, books] = await Promise.all([json('/shop.json'), json('/api/about'), json('/api/books')])

document.title = shop.name
element('name').textContent = shop.name
element('domain').textContent = shop.domain

const buy = async (book) => {
  const body = JSON.stringify({ book: book.id, customer: 'visitor' })
  const { id } = await json('/api/orders', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  element('message').textContent = `Thank you. Your order is ${id}.`
}

for (const book of books) {
  const row = element('books').insertRow()
  row.insertCell().textContent = book.title
  row.insertCell().textContent = book.author
  row.insertCell().textContent = `${(book.priceCents / 100).toFixed(2)} ${about.currency}`
  const button = row.insertCell().appendChild(document.createElement('button'))
  button.textContent = 'Buy'
  button.addEventListener('click', () => buy(book))
}
