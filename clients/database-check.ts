// Compiles where the Database type fits supabase-js and the shop: right calls have the types that they answer with, wrong
// calls are mistakes. Nothing here runs; TestTypeScript gives it to tsc.
import { createClient } from '@supabase/supabase-js'
import type { Database } from './database.js'

const db = createClient<Database>('http://127.0.0.1:8080', 'key')

export async function check() {
  const toast = await db.from('toast').select('id, name, price, vegan, rating, notes').eq('id', 1).single()
  if (toast.data) {
    const name: string = toast.data.name
    const rating: number | null = toast.data.rating
    // @ts-expect-error a name is no number
    const wrong: number = toast.data.name
    // @ts-expect-error a rating may be null
    const sure: number = toast.data.rating
    console.log(name, rating, wrong, sure)
  }

  const orders = await db.from('order').select('id, status, customer(name), order_item(quantity, toast(name))').order('id')
  for (const order of orders.data ?? []) {
    const status: 'open' | 'paid' | 'served' | 'cancelled' = order.status
    const customer: string = order.customer.name
    const items: { quantity: number; toast: { name: string } }[] = order.order_item
    // @ts-expect-error a to-many relation is an array
    const one: number = order.order_item.quantity
    console.log(status, customer, items, one)
  }

  await db.from('ingredient').insert({ name: 'dill', vegan: true })
  await db.from('ingredient').insert([{ name: 'dill', vegan: true, allergens: ['a'] }])
  // @ts-expect-error vegan must be given
  await db.from('ingredient').insert({ name: 'dill' })
  // @ts-expect-error no such column
  await db.from('ingredient').update({ colour: 'green' }).eq('id', 1)
  // @ts-expect-error no such table
  await db.from('toasts').select()
  // @ts-expect-error no such status
  await db.from('order').update({ status: 'eaten' }).eq('id', 1)

  const best = await db.rpc('top_toasts', { most: 3 })
  for (const row of best.data ?? []) {
    const sold: number = row.sold
    console.log(row.name.length, sold)
  }
  // @ts-expect-error no such argument
  await db.rpc('top_toasts', { least: 3 })
}
