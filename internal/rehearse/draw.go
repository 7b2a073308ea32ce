package rehearse

import "math/bits"

// A draw is a source of numbers that depend on nothing but a seed and a place: the same everywhere, in any order. It is the
// finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators) over a counter.
type draw uint64

// drawOf makes the draw of a seed and a name.
func drawOf(seed uint64, names ...string) draw {
	h := mix(seed ^ 0x9e3779b97f4a7c15)
	for _, name := range names {
		for i := 0; i < len(name); i++ {
			h = (h ^ uint64(name[i])) * 0x100000001b3
		}
		h = mix(h)
	}
	return draw(h)
}

func mix(z uint64) uint64 {
	z += 0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// at gives 64 bits for a place.
func (d draw) at(i uint64) uint64 { return mix(uint64(d) ^ mix(i)) }

// unit gives a number in [0, 1) for a place.
func (d draw) unit(i uint64) float64 { return float64(d.at(i)>>11) / (1 << 53) }

// below gives a number in [0, n) for a place.
func (d draw) below(i uint64, n int64) int64 {
	hi, _ := bits.Mul64(d.at(i), uint64(n))
	return int64(hi)
}

// A permutation maps [0, n) to itself, one to one, without a table: a Feistel network of four rounds over the next even number of
// bits, walked until it falls into the range (Black, Rogaway: Ciphers with arbitrary finite domains).
type permutation struct {
	key  draw
	n    uint64
	half uint
	mask uint64
}

func permutationOf(key draw, n int64) permutation {
	p := permutation{key: key, n: uint64(max(n, 1))}
	width := max(2, uint(bits.Len64(p.n-1)))
	p.half = (width + 1) / 2
	p.mask = 1<<p.half - 1
	return p
}

// of gives where i goes.
func (p permutation) of(i int64) int64 {
	v := uint64(i)
	for {
		v = p.rounds(v)
		if v < p.n {
			return int64(v)
		}
	}
}

func (p permutation) rounds(v uint64) uint64 {
	left, right := v>>p.half, v&p.mask
	for round := range uint64(4) {
		left, right = right, left^(uint64(p.key)^mix(right<<3|round))*0x9e3779b97f4a7c15>>(64-p.half)&p.mask
	}
	return left<<p.half | right
}

// from gives what goes to i: the permutation backwards.
func (p permutation) from(i int64) int64 {
	v := uint64(i)
	for {
		v = p.back(v)
		if v < p.n {
			return int64(v)
		}
	}
}

func (p permutation) back(v uint64) uint64 {
	left, right := v>>p.half, v&p.mask
	for round := 3; round >= 0; round-- {
		left, right = right^(uint64(p.key)^mix(left<<3|uint64(round)))*0x9e3779b97f4a7c15>>(64-p.half)&p.mask, left
	}
	return left<<p.half | right
}
