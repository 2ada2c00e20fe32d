package foreign

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// wayHost is a name that the exit itself answers for.
const wayHost = "way.rehearse.test"

// How long, and how often, the way through the interceptor is tried: some take a proxy
// above them for dead where it was not there before they were.
const (
	wayPatience = 15 * time.Second
	wayPause    = 250 * time.Millisecond
)

// Way asks the exit for a page through the interceptor, until it comes or it has become
// clear that no way leads there. It needs an explicit interceptor and the exit; without
// them there is nothing to ask.
func (i *Interceptor) Way(ctx context.Context) error {
	if i.exit == nil || i.conf.Transparent {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, wayPatience)
	defer cancel()
	through := &http.Client{Transport: &http.Transport{
		Proxy: http.ProxyURL(&url.URL{Scheme: "http", Host: i.conf.At.String()}), DisableKeepAlives: true,
	}}
	for {
		got := askWay(ctx, through)
		if got == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("asked for http://%s/ the interceptor gives %s, so it does not get to the simulated servers by the proxy at %s", wayHost, got, i.conf.Exit)
		case <-time.After(wayPause):
		}
	}
}

// askWay is what came in the place of the page, "" when it came.
func askWay(ctx context.Context, through *http.Client) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+wayHost+"/", nil)
	if err != nil {
		return err.Error()
	}
	resp, err := through.Do(req)
	if err != nil {
		return "no answer"
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		return resp.Status
	}
	return ""
}
