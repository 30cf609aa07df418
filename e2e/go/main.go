// Command driver runs scenarios with the Go remoting client v2 for the interop harness. The protocol on standard
// input and output is described in e2e/README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/apache/rocketmq-client-go/v2/rlog"
)

type figures map[string]interface{}

var scenarios = map[string]func(*run) (figures, error){
	"sendSync":       sendSync,
	"sendAsync":      sendAsync,
	"sendOneway":     sendOneway,
	"sendBatch":      sendBatch,
	"tags":           tags,
	"sqlPush":        sqlPush,
	"sqlStart":       sqlStart,
	"orderly":        orderly,
	"delays":         delays,
	"timers":         timers,
	"retries":        retries,
	"orderlyRetries": orderlyRetries,
	"broadcast":      broadcast,
	"trace":          trace,
	"halves":         halves,
	"outcomes":       outcomes,
	"immunity":       immunity,
	"givenUp":        givenUp,
	"requests":       requests,
	"lightQueues":    lightQueues,
	"rebalance":      rebalance,
	"pullSubscribe":  pullSubscribe,
	"pullAssign":     pullAssign,
	"fill":           fill,
	"receive":        receive,
	"reply":          answer,
	"request":        request,
	"produce":        produce,
	"consume":        consume,
	"stored":         stored,
}

type driver struct {
	out     sync.Mutex
	running sync.Map // id -> *run
}

func main() {
	if err := rlog.SetOutputPath(filepath.Join(os.Getenv("HOME"), "go-client.log")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	rlog.SetLogLevel("warn")
	d := &driver{}
	d.write(figures{"event": "ready"})
	requests := bufio.NewScanner(os.Stdin)
	for requests.Scan() {
		request := map[string]interface{}{}
		if err := json.Unmarshal(requests.Bytes(), &request); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			continue
		}
		d.accept(request)
	}
}

func (d *driver) accept(request map[string]interface{}) {
	id := request["id"]
	if request["stop"] == true {
		if r, ok := d.running.Load(id); ok {
			r.(*run).stop()
		}
		return
	}
	r := newRun(request, func(event figures) { d.write(figures{"id": id, "event": event}) })
	d.running.Store(id, r)
	go func() {
		result, err := execute(r)
		r.close()
		d.running.Delete(id)
		if err != nil {
			d.write(figures{"id": id, "ok": false, "error": err.Error()})
			return
		}
		d.write(figures{"id": id, "ok": true, "result": result})
	}()
}

func execute(r *run) (result figures, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			err = fmt.Errorf("panic: %v", problem)
		}
	}()
	scenario, ok := scenarios[r.text("run")]
	if !ok {
		return nil, fmt.Errorf("no such scenario: %s", r.text("run"))
	}
	return scenario(r)
}

func (d *driver) write(line figures) {
	d.out.Lock()
	defer d.out.Unlock()
	bytes, _ := json.Marshal(line)
	os.Stdout.Write(append(bytes, '\n'))
}
