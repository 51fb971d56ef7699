module example/kitty-events

go 1.19
