package rehearse

// The head of a text are the letters that tell it from all others: they rise with the value's number, as digits to the base of 26.
//
// Where production looks for texts by how they begin, the number of those that begin alike has to be what it is there, and not 26 times as many or
// few. Then the first letters are a or b, and each halves what is left; values that no row has yet begin with c.

// halves says how the texts of a domain are halved; the zero value halves nothing.
type halves struct {
	letters int   // that halve
	used    int64 // values, from the first, that rows have
}

// halvesMost is how many letters halve at most: a thousandth of the values begin alike then.
const halvesMost = 10

// halve lets as many of the first letters halve as texts of the usual length have room for.
func (d *domain) halve(used int64) {
	if d.labels != nil || used < 2 {
		return
	}
	room := min(max(d.length.mean, d.headWidth()), d.mostLetters())
	for n := halvesMost; n > 0; n-- {
		d.halves = halves{n, min(used, d.size)}
		if 1<<n <= d.halves.used && d.headWidth() <= room {
			return
		}
	}
	d.halves = halves{}
}

// headLetters is how long heads are.
func (d *domain) headLetters() int { return min(d.headWidth(), d.mostLetters()) }

// headWidth is how long they have to be, whether the type has room for it or not.
func (d *domain) headWidth() int {
	if h := d.halves; h.letters > 0 {
		return max(h.letters+digits(d.each()), 1+digits(d.size-h.used))
	}
	return digits(d.size)
}

// each is how many values are left at most when the first letters have halved them.
func (d *domain) each() int64 { return (d.halves.used-1)>>d.halves.letters + 1 }

// first is the first value of a block of those that the first letters leave.
func (h halves) first(block int64) int64 {
	return (block*h.used + 1<<h.letters - 1) >> h.letters
}

// block is that of a value.
func (h halves) block(n int64) int64 { return n << h.letters / h.used }

// digits is how many letters tell so many values apart.
func digits(size int64) int {
	width := 1
	for room := int64(26); room < size && width < 13; width++ {
		room *= 26
	}
	return width
}

// headText is the head of value n.
func (d *domain) headText(n int64) string {
	head := make([]byte, d.headLetters())
	h := d.halves
	switch {
	case h.letters == 0:
		write26(head, n)
	case n >= h.used:
		head[0] = 'c'
		write26(head[1:], n-h.used)
	default:
		block := h.block(n)
		for i := range h.letters {
			head[i] = 'a' + byte(block>>(h.letters-1-i)&1)
		}
		write26(head[h.letters:], n-h.first(block))
	}
	return string(head)
}

func write26(to []byte, n int64) {
	for i := len(to) - 1; i >= 0; i-- {
		to[i] = 'a' + byte(n%26)
		n /= 26
	}
}

// sharing is how many of the values that rows have begin with so many letters of the head of value n, which is one of these.
func (d *domain) sharing(n int64, letters int) int64 {
	from, to, width := int64(0), d.size, d.headLetters()
	if h := d.halves; h.letters > 0 {
		if letters <= h.letters {
			span := int64(1) << (h.letters - letters)
			block := h.block(n) / span * span
			return h.first(block+span) - h.first(block)
		}
		from, to = h.first(h.block(n)), h.first(h.block(n)+1)
	}
	span := int64(1)
	for range width - letters {
		span *= 26
	}
	from += (n - from) / span * span
	return min(from+span, to) - from
}
