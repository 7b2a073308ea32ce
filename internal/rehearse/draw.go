package rehearse

import (
	"math"
	"math/big"
	"math/bits"
	"sort"
)

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

// evenly is how many places beside each other have their numbers spread evenly.
const evenly = 16

// even gives a number in [0, 1) for a place, as unit does, but so that the numbers of places beside each other are spread evenly: among each
// evenly of them one falls into each of as many equal parts, in an order of chance, and within a part those that come after each other
// halve what is left, as van der Corput's sequence does. How many of n rows have a value, and how soon, is what is to be expected
// then, and chance has little part in it (Owen: Monte Carlo variance of scrambled net quadrature).
func (d draw) even(i uint64) float64 {
	block := i / evenly
	part := uint64(permutationOf(draw(d.at(block)), evenly).of(int64(i % evenly)))
	within := float64((bits.Reverse64(block)^mix(uint64(d)+part))>>11) / (1 << 53)
	return (float64(part) + within) / evenly
}

// below gives a number in [0, n) for a place.
func (d draw) below(i uint64, n int64) int64 {
	hi, _ := bits.Mul64(d.at(i), uint64(n))
	return int64(hi)
}

// A permutation maps [0, n) to itself, one to one, without a table: a Feistel network of four rounds over the next even number of
// bits, walked until it falls into the range (Black, Rogaway: Ciphers with arbitrary finite domains).
type permutation struct {
	key   draw
	n     uint64
	half  uint
	mask  uint64
	parts []part // that numbers stay within, in their order; nil where they may go anywhere
	back  bool   // and the last part comes first
}

func permutationOf(key draw, n int64) permutation {
	p := permutation{key: key, n: uint64(max(n, 1))}
	width := max(2, uint(bits.Len64(p.n-1)))
	p.half = (width + 1) / 2
	p.mask = 1<<p.half - 1
	return p
}

// rows is how many numbers it permutes.
func (p permutation) rows() int64 { return int64(p.n) }

// of gives where i goes.
func (p permutation) of(i int64) int64 {
	v := uint64(i)
	if p.parts != nil {
		return p.within(p.flip(i), false)
	}
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
	if p.parts != nil {
		return p.flip(p.within(i, true))
	}
	for {
		v = p.unround(v)
		if v < p.n {
			return int64(v)
		}
	}
}

// A part is numbers beside each other that are permuted among themselves, in steps of the golden section of the part: those that are
// neighbours come from all over it. The last few rows are then much like the last part, at any size.
type part struct{ start, n, from, step, inverse int64 }

func partOf(key draw, start, end int64) part {
	p := part{start: start, n: end - start, step: max(int64(math.Round(float64(end-start)*(math.Sqrt(5)-1)/2)), 1), inverse: 1}
	for gcd(p.step, p.n) != 1 {
		p.step++
	}
	if p.n > 1 {
		p.inverse = new(big.Int).ModInverse(big.NewInt(p.step), big.NewInt(p.n)).Int64()
	}
	p.from = key.below(uint64(start), p.n)
	return p
}

// within moves a number within its part, or back.
func (p permutation) within(i int64, back bool) int64 {
	of := &p.parts[sort.Search(len(p.parts), func(k int) bool { return p.parts[k].start > i })-1]
	i -= of.start
	if back {
		return of.start + (i-of.from+of.n)*of.inverse%of.n
	}
	return of.start + (of.from+i*of.step)%of.n
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// flip counts from the other end, where the last part comes first.
func (p permutation) flip(i int64) int64 {
	if p.back {
		return int64(p.n) - 1 - i
	}
	return i
}

func (p permutation) unround(v uint64) uint64 {
	left, right := v>>p.half, v&p.mask
	for round := 3; round >= 0; round-- {
		left, right = right^(uint64(p.key)^mix(left<<3|uint64(round)))*0x9e3779b97f4a7c15>>(64-p.half)&p.mask, left
	}
	return left<<p.half | right
}
