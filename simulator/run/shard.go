package run

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// ErrShard is a shard that is not i/n with 1 <= i <= n.
var ErrShard = errors.New(`want i/n with 1 <= i <= n, such as "2/3"`)

// Shard gives the places, of as many scenarios, that belong to one of n shards:
// every n-th, beginning with the i-th, from 1 on.
func Shard(scenarios int, shard string) ([]int, error) {
	i, n, err := parseShard(shard)
	if err != nil {
		return nil, err
	}
	var mine []int
	for at := i - 1; at < scenarios; at += n {
		mine = append(mine, at)
	}
	return mine, nil
}

func parseShard(shard string) (i, n int, err error) {
	if _, err := fmt.Sscanf(shard, "%d/%d", &i, &n); err != nil || i < 1 || i > n || fmt.Sprintf("%d/%d", i, n) != shard {
		return 0, 0, fmt.Errorf("shard %q: %w", shard, ErrShard)
	}
	return i, n, nil
}

// BalancedShard gives the places of one of n shards that cost about the same. Every
// shard has to be told the same costs, one a scenario. The costliest scenario goes
// to the first shard, and each next one to that which has the least to do by then.
func BalancedShard(costs []int64, shard string) ([]int, error) {
	i, n, err := parseShard(shard)
	if err != nil {
		return nil, err
	}
	order := make([]int, len(costs))
	for at := range order {
		order[at] = at
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(costs[b], costs[a]) })
	loads, counts := make([]int64, n), make([]int, n)
	var mine []int
	for _, at := range order {
		least := 0
		for s := range loads {
			if cmp.Or(cmp.Compare(loads[s], loads[least]), cmp.Compare(counts[s], counts[least])) < 0 {
				least = s
			}
		}
		loads[least] += costs[at]
		counts[least]++
		if least == i-1 {
			mine = append(mine, at)
		}
	}
	slices.Sort(mine)
	return mine, nil
}
