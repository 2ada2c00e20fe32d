package revocation

import "time"

// budget hands out shares of the time that a Check may spend on fetches.
type budget struct {
	limits Limits
	began  time.Time
}

func newBudget(l Limits) *budget {
	if l.PerURL == 0 && l.Total == 0 {
		l.PerURL = DefaultLimits().PerURL
	}
	return &budget{limits: l, began: time.Now()}
}

// share is how long the next fetch may take; false when no time is left.
func (b *budget) share() (time.Duration, bool) {
	if b.limits.Total == 0 {
		return b.limits.PerURL, true
	}
	left := b.limits.Total - time.Since(b.began)
	if left <= 0 {
		return 0, false
	}
	if b.limits.Halving {
		left /= 2
	}
	if b.limits.PerURL > 0 {
		left = min(left, b.limits.PerURL)
	}
	return left, true
}
