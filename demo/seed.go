package demo

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Table is one table's rows, in an order in which no row refers to a later one.
type Table struct {
	Name    string
	Columns []string
	Rows    iter.Seq[[]any] // nil, bool, int64, float64, or text in PostgreSQL's form; valid until the next
	Count   int
}

// Opened is the moment of the first order, and Now that of the last one: fixed, so that two runs make the same rows.
var (
	Opened = time.Date(2025, time.March, 1, 7, 0, 0, 0, time.UTC)
	Now    = time.Date(2026, time.November, 1, 20, 0, 0, 0, time.UTC)
)

// Seed makes a shop of so many orders. It has a customer for every ten of them, and twenty at least.
func Seed(orders int) []Table {
	s := &shop{rand: rand.New(rand.NewPCG(2025, 3)), customers: max(orders/10, 20)}
	s.order(orders)
	return []Table{
		{"customer", []string{"id", "email", "name", "city", "joined_at"}, s.customer, s.customers},
		rows("ingredient", []string{"id", "name", "vegan", "allergens"}, ingredientRows()),
		rows("toast", []string{"id", "name", "description", "price", "vegan", "rating", "picture", "available", "notes"}, toastRows()),
		rows("toast_ingredient", []string{"toast_id", "ingredient_id", "grams"}, recipeRows()),
		rows("order", []string{"id", "customer_id", "status", "total", "note", "placed_at"}, s.orders),
		rows("order_item", []string{"order_id", "line", "toast_id", "quantity", "price"}, s.items),
	}
}

func rows(name string, columns []string, list [][]any) Table {
	return Table{name, columns, slices.Values(list), len(list)}
}

type shop struct {
	rand      *rand.Rand
	customers int
	orders    [][]any
	items     [][]any
}

// customer makes the customers from a source of its own, so that it can be run again.
func (s *shop) customer(yield func([]any) bool) {
	r := rand.New(rand.NewPCG(7, 11))
	for id := 1; id <= s.customers; id++ {
		first, last := pick(r, firstNames), pick(r, lastNames)
		email := fmt.Sprintf("%s.%s.%d@example.com", plain(first), plain(last), id)
		// The square root puts more customers into the later months.
		joined := Opened.Add(time.Duration(float64(Now.Sub(Opened)) * float64(id) / float64(s.customers+1)))
		if !yield([]any{int64(id), email, first + " " + last, pick(r, cities[:1+r.IntN(len(cities))]), stamp(joined)}) {
			return
		}
	}
}

// order makes the orders and their items.
func (s *shop) order(n int) {
	var sum float64
	weights := make([]float64, len(menu))
	for i, t := range menu {
		sum += t.weight
		weights[i] = sum
	}
	regulars := rand.NewZipf(s.rand, 1.25, 20, uint64(s.customers-1))
	moments := s.moments(n)
	for i, at := range moments {
		id := int64(i + 1)
		var total int64
		lines := 1 + int(min(s.rand.ExpFloat64()*0.9, 5))
		for line := 1; line <= lines; line++ {
			which, _ := slices.BinarySearch(weights, s.rand.Float64()*sum)
			quantity := int64(1 + int(min(s.rand.ExpFloat64()*0.5, 7)))
			cents := cents(menu[which].price)
			total += quantity * cents
			s.items = append(s.items, []any{id, int64(line), int64(which + 1), quantity, money(cents)})
		}
		var note any
		if s.rand.IntN(12) == 0 {
			note = pick(s.rand, notes)
		}
		s.orders = append(s.orders, []any{id, int64(1 + regulars.Uint64()), s.status(at), money(total), note, stamp(at)})
	}
}

// moments gives n times in rising order: more of them later on, in the morning, and at the weekend.
func (s *shop) moments(n int) []time.Time {
	days := Now.Sub(Opened).Hours() / 24
	list := make([]time.Time, 0, n)
	for len(list) < n {
		u := s.rand.Float64()
		day := int(days * (1 - (1-u)*(1-u*0.35)))
		at := Opened.AddDate(0, 0, min(max(day, 0), int(days)-1))
		if w := at.Weekday(); w != time.Saturday && w != time.Sunday && s.rand.IntN(3) == 0 {
			continue
		}
		hour := 9.2 + s.rand.NormFloat64()*1.4
		if s.rand.IntN(3) == 0 {
			hour = 13 + s.rand.NormFloat64()*1.8
		}
		hour = min(max(hour, 7), 18.99)
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, time.UTC).Add(time.Duration(hour * float64(time.Hour)))
		list = append(list, at.Truncate(time.Millisecond))
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

func (s *shop) status(at time.Time) string {
	switch age := Now.Sub(at); {
	case s.rand.IntN(60) == 0:
		return "cancelled"
	case age < 6*time.Hour && s.rand.IntN(2) == 0:
		return "open"
	case age < 24*time.Hour && s.rand.IntN(3) == 0:
		return "paid"
	}
	return "served"
}

func ingredientRows() [][]any {
	var list [][]any
	for i, in := range ingredients {
		list = append(list, []any{int64(i + 1), in.name, in.vegan, "{" + strings.Join(in.allergens, ",") + "}"})
	}
	return list
}

func toastRows() [][]any {
	var list [][]any
	for i, t := range menu {
		list = append(list, []any{int64(i + 1), t.name, t.description, t.price, vegan(t), t.rating, t.picture, t.name != "Everything Everywhere", t.notes})
	}
	return list
}

func recipeRows() [][]any {
	var list [][]any
	for i, t := range menu {
		for _, p := range t.recipe {
			list = append(list, []any{int64(i + 1), int64(1 + ingredientNamed(p.ingredient)), int64(p.grams)})
		}
	}
	return list
}

func ingredientNamed(name string) int {
	i := slices.IndexFunc(ingredients, func(in ingredient) bool { return in.name == name })
	if i < 0 {
		panic("demo: the menu names an ingredient that isn't there: " + name)
	}
	return i
}

func vegan(t toast) bool {
	return !slices.ContainsFunc(t.recipe, func(p part) bool { return !ingredients[ingredientNamed(p.ingredient)].vegan })
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func cents(price string) int64 {
	var whole, part int64
	if _, err := fmt.Sscanf(price, "%d.%d", &whole, &part); err != nil {
		panic("demo: a price that is none: " + price)
	}
	return whole*100 + part
}

func money(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// stamp is PostgreSQL's JSON form of a moment in UTC.
func stamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.999999+00:00") }

// plain makes a name fit for an address.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'á', 'à':
			return 'a'
		case 'ë', 'é':
			return 'e'
		case 'í':
			return 'i'
		case 'ó', 'ö', 'ø':
			return 'o'
		case 'ü':
			return 'u'
		case '\'':
			return -1
		}
		return r
	}, strings.ToLower(name))
}
