# Asked by sysinit-vm's doctor: one line each of time=, disk=, inodes=.
echo "time=$(date +%s)"
echo "disk=$(df -P / | awk 'NR == 2 { print $5 }')"
echo "inodes=$(df -Pi / | awk 'NR == 2 { print $5 }')"
