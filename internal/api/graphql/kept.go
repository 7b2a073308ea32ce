package graphql

import (
	"container/list"
	"sync"
)

// kept holds values by key up to a number of bytes; what was asked for longest ago goes first. It is safe for concurrent use.
type kept[K comparable, V any] struct {
	mu    sync.Mutex
	most  int
	used  int
	order list.List // of *keptItem, most recent first
	items map[K]*list.Element
}

type keptItem[K comparable, V any] struct {
	key   K
	value V
	bytes int
}

func newKept[K comparable, V any](most int) *kept[K, V] {
	return &kept[K, V]{most: most, items: map[K]*list.Element{}}
}

func (c *kept[K, V]) get(key K) (value V, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.items[key]
	if e == nil {
		return value, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*keptItem[K, V]).value, true
}

// put keeps a value, unless it alone takes more than an eighth of all. One that is there already stays, and comes back.
func (c *kept[K, V]) put(key K, value V, bytes int) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[key]; e != nil {
		return e.Value.(*keptItem[K, V]).value
	}
	if bytes > c.most/8 {
		return value
	}
	c.items[key] = c.order.PushFront(&keptItem[K, V]{key: key, value: value, bytes: bytes})
	c.used += bytes
	c.shrink()
	return value
}

// grow notes that what is kept under a key takes more bytes now.
func (c *kept[K, V]) grow(key K, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.items[key]; e != nil {
		e.Value.(*keptItem[K, V]).bytes += bytes
		c.used += bytes
		c.shrink()
	}
}

func (c *kept[K, V]) shrink() {
	for c.used > c.most {
		e := c.order.Back()
		of := c.order.Remove(e).(*keptItem[K, V])
		delete(c.items, of.key)
		c.used -= of.bytes
	}
}
