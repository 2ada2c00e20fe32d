package diff

// mostCells bounds the table of the exact alignment; past it only lines that
// stand once in each policy are aligned.
const mostCells = 16 << 20

func alignBetween(old, new []unit, i, iEnd, j, jEnd int, steps *[]step) {
	for i < iEnd && j < jEnd && old[i].text == new[j].text {
		*steps = append(*steps, step{i, j})
		i, j = i+1, j+1
	}
	tail := 0
	for i < iEnd-tail && j < jEnd-tail && old[iEnd-tail-1].text == new[jEnd-tail-1].text {
		tail++
	}
	middle(old, new, i, iEnd-tail, j, jEnd-tail, steps)
	for k := tail; k > 0; k-- {
		*steps = append(*steps, step{iEnd - k, jEnd - k})
	}
}

func middle(old, new []unit, i, iEnd, j, jEnd int, steps *[]step) {
	switch n, m := iEnd-i, jEnd-j; {
	case n == 0 || m == 0:
		apart(i, iEnd, j, jEnd, steps)
	case n*m <= mostCells:
		table(old, new, i, iEnd, j, jEnd, steps)
	default:
		if a, b, ok := anchor(old, new, i, iEnd, j, jEnd); ok {
			alignBetween(old, new, i, a, j, b, steps)
			alignBetween(old, new, a, iEnd, b, jEnd, steps)
			return
		}
		apart(i, iEnd, j, jEnd, steps)
	}
}

func apart(i, iEnd, j, jEnd int, steps *[]step) {
	for ; i < iEnd; i++ {
		*steps = append(*steps, step{i, -1})
	}
	for ; j < jEnd; j++ {
		*steps = append(*steps, step{-1, j})
	}
}

// table is the exact alignment by the lengths of common runs.
func table(old, new []unit, i0, iEnd, j0, jEnd int, steps *[]step) {
	n, m := iEnd-i0, jEnd-j0
	long := make([]int32, (n+1)*(m+1))
	at := func(i, j int) *int32 { return &long[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if old[i0+i].text == new[j0+j].text {
				*at(i, j) = max(*at(i+1, j+1)+1+old[i0+i].more, *at(i+1, j), *at(i, j+1))
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	i, j := 0, 0
	for i < n && j < m {
		switch {
		case old[i0+i].text == new[j0+j].text && *at(i, j) == *at(i+1, j+1)+1+old[i0+i].more:
			*steps = append(*steps, step{i0 + i, j0 + j})
			i, j = i+1, j+1
		case *at(i+1, j) >= *at(i, j+1):
			*steps = append(*steps, step{i0 + i, -1})
			i++
		default:
			*steps = append(*steps, step{-1, j0 + j})
			j++
		}
	}
	apart(i0+i, iEnd, j0+j, jEnd, steps)
}

// anchor is a line that stands once in both, nearest to the middle of the old
// ones.
func anchor(old, new []unit, i, iEnd, j, jEnd int) (a, b int, ok bool) {
	once := map[string]int{}
	for k := j; k < jEnd; k++ {
		if _, again := once[new[k].text]; again {
			once[new[k].text] = -1
		} else {
			once[new[k].text] = k
		}
	}
	count := map[string]int{}
	for k := i; k < iEnd; k++ {
		count[old[k].text]++
	}
	best := iEnd - i
	for k := i; k < iEnd; k++ {
		place, found := once[old[k].text]
		if !found || place < 0 || count[old[k].text] > 1 {
			continue
		}
		if d := max(k-(i+iEnd)/2, (i+iEnd)/2-k); d < best {
			a, b, best, ok = k, place, d, true
		}
	}
	return a, b, ok
}
