// Compiled beside shop.ts, which graphql-codegen makes: what is right must compile, and each @ts-expect-error must be one.
import type { TypedDocumentNode } from '@graphql-typed-document-node/core'
import type { Order_Status, Toast_Bool_Exp, Customer_Insert_Input, Toast_Order_By, Order_Item_Pk_Columns_Input } from './shop.js'
import { OpByKeyWithAVariableDocument, OpFourLevelsDocument, OpGroupsDocument, OpInsertFromVariablesDocument, OpNodesAloneDocument } from './shop.js'

declare function ask<R, V>(document: TypedDocumentNode<R, V>, variables: V): R

const four = ask(OpFourLevelsDocument, {})
const name: string | undefined = four.customer_by_pk?.orders[0].items[0].toast.name
// @ts-expect-error a customer may not be there
four.customer_by_pk.name
// @ts-expect-error nobody asked for it
four.customer_by_pk?.email

ask(OpByKeyWithAVariableDocument, { id: 7 })
// @ts-expect-error the key must be given
ask(OpByKeyWithAVariableDocument, {})

const groups = ask(OpGroupsDocument, {})
const status: Order_Status | null | undefined = groups.order_group[0].key.status
const count: number = groups.order_group[0].aggregate.count
// @ts-expect-error a count is a number
const text: string = groups.order_group[0].aggregate.count

const added = ask(OpInsertFromVariablesDocument, { objects: [{ name: 'a', email: 'b', city: 'c' }] })
const city: string | undefined = added.insert_customer?.returning[0].city
// @ts-expect-error no such column
ask(OpInsertFromVariablesDocument, { objects: [{ nothing: 1 }] })

const nodes = ask(OpNodesAloneDocument, {}).ingredient_aggregate.nodes
const toasts: string[] = nodes.flatMap((n) => n.toasts.map((t) => t.name))

const where: Toast_Bool_Exp = { _or: [{ price: { _gt: 1 } }, { ingredients: { name: { _like: '%' } } }] }
// @ts-expect-error a number has no patterns
const wrong: Toast_Bool_Exp = { id: { _like: '%' } }
const child: Customer_Insert_Input = { name: 'a', orders: { data: [{ total: 1, items: { data: [{ line: 1 }] } }] } }
const order: Toast_Order_By = { items_aggregate: { count: 'desc' as never } }
const key: Order_Item_Pk_Columns_Input = { order_id: 1, line: 2 }

export { name, status, count, text, city, toasts, where, wrong, child, order, key }
