package shed

// groups are how many of each group run; of those of which any do.
type groups map[any]int

func (g groups) run(group any) {
	if group != nil {
		g[group]++
	}
}

func (g groups) left(group any) {
	if group == nil {
		return
	}
	if g[group]--; g[group] == 0 {
		delete(g, group)
	}
}
