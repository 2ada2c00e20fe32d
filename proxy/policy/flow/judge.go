package flow

import (
	"net/http"

	"rehearse/proxy/policy"
)

// Judge is what a client sees of one transaction by itself, when policy is asked
// about it for the last time at a checkpoint. What else happens to the flow it
// belongs to is not known.
func Judge(p *policy.Policy, tx *policy.Transaction, at policy.Checkpoint) Outcome {
	d := p.Decide(tx, at)
	v := d.Verdict
	w := &walk{p: p, Flow: &Flow{}}
	switch {
	case tx.Type == policy.SSLIntercept:
		return judgeMode(d.Interception())
	case v.Kind == policy.Exception && (d.Final || v.Forced):
		return refusal(refusedWay(tx), v.ID, v.At)
	case !d.Final:
		return Outcome{Way: Pending, ID: v.ID, At: v.At}
	case tx.Status == 0 && !d.AccessServer():
		return refusal(refusedWay(tx), "policy_denied", settingAt(d, "access_server"))
	}
	o := Outcome{Way: allowedWay(tx, d), At: v.At}
	if o.Way == Tunnelled && o.At == "" && tx.Detecting {
		o.At = settingAt(d, "detect_protocol")
	}
	if o.Way == Served || o.Way == Decrypted {
		labels, redirect := w.actions(d, tx, "request.")
		if redirect != nil {
			return *redirect
		}
		o.Actions = labels
	}
	return o
}

// judgeMode is what interception means for the TLS flow that was asked about.
func judgeMode(i policy.Interception) Outcome {
	o := Outcome{Way: Decrypted, At: i.At}
	switch {
	case i.Mode == policy.ModeNo, i.Mode == policy.ModeOnException, i.OnException:
		o.Way = Tunnelled
		return o
	case i.Mode == policy.ModeSTunnel:
		o.Way = STunnelled
	}
	if i.Keyring != "default" {
		o.Keyring = i.Keyring
	}
	return o
}

func refusedWay(tx *policy.Transaction) Way {
	switch tx.Type {
	case policy.TCPTunnel, policy.SSLTunnel:
		return Closed
	case policy.HTTPSForwardProxy:
		return PageInside
	}
	return Page
}

func allowedWay(tx *policy.Transaction, d policy.Decision) Way {
	switch {
	case tx.Type == policy.HTTPSForwardProxy:
		return Decrypted
	case tx.Type == policy.HTTPProxy && tx.Method != http.MethodConnect, tx.Type == policy.CacheRefresh:
		return Served
	case tx.Type == policy.SSLTunnel:
		return Passed
	case tx.Detecting && detecting(d):
		return Passed
	}
	return Tunnelled
}
