package world

import (
	"sync"
	"time"
)

// deadline is a time after which waiting on a condition fails. The condition's
// lock guards it.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set replaces the deadline and wakes whoever waits on c when it passes.
func (d *deadline) set(t time.Time, c *sync.Cond) {
	d.stop()
	d.at = t
	if t.IsZero() {
		return
	}
	wait := time.Until(t)
	if wait <= 0 {
		c.Broadcast()
		return
	}
	d.timer = time.AfterFunc(wait, func() {
		c.L.Lock()
		defer c.L.Unlock()
		c.Broadcast()
	})
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}
